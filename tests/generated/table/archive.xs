table archive_ {
  auth = false

  schema {
    int id
    text note
  }

  index = [
    {type: "primary", field: [{name: "id"}]}
  ]
}
