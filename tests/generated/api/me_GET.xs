// Get the record belonging to the authentication token
query "auth/me" verb=GET {
  api_group = "Pet store"
  auth = "keeper"

  input {
  }

  stack {
    db.get keeper {
      field_name = "id"
      field_value = $auth.id
      output = ["id", "name", "email"]
    } as $keeper
  }

  response = $keeper
}
