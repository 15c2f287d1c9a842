table "vet visit" {
  auth = false

  schema {
    int id
    int pet_id? {
      table = "pet"
    }

    text reason?
  }

  index = [
    {type: "primary", field: [{name: "id"}]}
  ]
}
