table "pet-tag" {
  auth = false

  schema {
    int id
    text label
  }

  index = [
    {type: "primary", field: [{name: "id"}]}
  ]
}
