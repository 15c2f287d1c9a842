query me verb=GET {
  api_group = "account"
  description = "Who the token belongs to."
  auth = "sailor"

  input {
  }

  stack {
    db.get sailor {
      field_name = "id"
      field_value = $auth.id
    } as $sailor
  }

  response = $sailor
}
