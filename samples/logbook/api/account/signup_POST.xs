query signup verb=POST {
  api_group = "account"
  description = "Make an account; answers with a token."

  input {
    text name filters=trim|min:1
    email email filters=trim|lower
    text password filters=min:8 {
      sensitive = true
    }
  }

  stack {
    db.has sailor {
      field_name = "email"
      field_value = $input.email
    } as $known

    precondition (!$known) {
      error_type = "badrequest"
      error = "This address has an account already."
    }

    db.add sailor {
      data = {
        name    : $input.name
        email   : $input.email
        password: $input.password
      }
    } as $sailor

    function.run token_for {
      input = {sailor_id: $sailor.id}
    } as $token
  }

  response = {authToken: $token}
}
