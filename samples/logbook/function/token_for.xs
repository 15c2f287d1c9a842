function token_for {
  description = "A token that is good for a day."

  input {
    int sailor_id
  }

  stack {
    security.create_auth_token {
      table = "sailor"
      id = $input.sailor_id
      extras = {}
      expiration = 86400
    } as $token
  }

  response = $token
}
