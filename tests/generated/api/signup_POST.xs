// Signup and retrieve an authentication token
query "auth/signup" verb=POST {
  api_group = "Pet store"

  input {
    text name?
    email email?
    text password?
  }

  stack {
    db.get keeper {
      field_name = "email"
      field_value = $input.email
    } as $keeper

    precondition ($keeper == null) {
      error_type = "accessdenied"
      error = "This account is already in use."
    }

    db.add keeper {
      data = {
        created_at: "now"
        name      : $input.name
        email     : $input.email
        password  : $input.password
      }
    } as $keeper

    security.create_auth_token {
      table = "keeper"
      extras = {}
      expiration = 86400
      id = $keeper.id
    } as $authToken
  }

  response = {authToken: $authToken}
}
