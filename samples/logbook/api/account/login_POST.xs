query login verb=POST {
  api_group = "account"
  description = "Answers with a token."

  input {
    email email filters=trim|lower
    text password {
      sensitive = true
    }
  }

  stack {
    redis.ratelimit {
      key = "login:" ~ $input.email
      max = 10
      ttl = 60
      error = "Too many attempts. Wait a minute."
    } as $within

    db.get sailor {
      field_name = "email"
      field_value = $input.email
      output = ["id", "password"]
    } as $sailor

    precondition ($sailor != null) {
      error_type = "accessdenied"
      error = "Address or password is wrong."
    }

    security.check_password {
      text_password = $input.password
      hash_password = $sailor.password
    } as $right

    precondition ($right) {
      error_type = "accessdenied"
      error = "Address or password is wrong."
    }

    function.run token_for {
      input = {sailor_id: $sailor.id}
    } as $token
  }

  response = {authToken: $token}
}
