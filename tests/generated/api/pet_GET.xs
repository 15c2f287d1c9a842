// Query all pet records
query pet verb=GET {
  api_group = "Pet store"

  input {
  }

  stack {
    db.query pet {
      return = {type: "list"}
    } as $pet
  }

  response = $pet
}
