// Encrypts a text as a JSON Web Encryption token, with a key made for it.
// Try: xsrun run samples/jwe/jwe_encode.xs --input secret_data=hello
query "jwe-encode" verb=GET {
  input {
    text secret_data {
      description = "What to encrypt"
    }

    int ttl?=3600 {
      description = "Seconds until the token expires; 0 for never"
    }
  }

  stack {
    security.create_secret_key {
      bits = 512
      format = "object"
    } as $key

    security.jwe_encode {
      headers = {"alg": "A256KW"}
      claims = {data: $input.secret_data}
      key = $key
      key_algorithm = "A256KW"
      content_algorithm = "A256GCM"
      ttl = $input.ttl
    } as $token
  }

  response = {token: $token, key: $key, expires_in: $input.ttl}
}
