// Login and retrieve an authentication token
query "auth/login" verb=POST {
  api_group = "Pet store"

  input {
    email email?
    text password?
  }

  stack {
    db.get keeper {
      field_name = "email"
      field_value = $input.email
      output = ["id", "created_at", "name", "email", "password"]
    } as $keeper

    precondition ($keeper != null) {
      error_type = "accessdenied"
      error = "Invalid Credentials."
    }

    security.check_password {
      text_password = $input.password
      hash_password = $keeper.password
    } as $pass_result

    precondition ($pass_result) {
      error_type = "accessdenied"
      error = "Invalid Credentials."
    }

    security.create_auth_token {
      table = "keeper"
      extras = {}
      expiration = 86400
      id = $keeper.id
    } as $authToken
  }

  response = {authToken: $authToken}
}
