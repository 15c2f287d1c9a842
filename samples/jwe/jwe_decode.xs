// Decrypts a token of jwe_encode.xs.
// Try: xsrun run samples/jwe/jwe_decode.xs --input token=... --input key=@key.json
query "jwe-decode" verb=POST {
  input {
    text token
    json key
  }

  stack {
    try_catch {
      try {
        security.jwe_decode {
          token = $input.token
          key = $input.key
          key_algorithm = "A256KW"
          content_algorithm = "A256GCM"
        } as $claims
      }

      catch {
        precondition (false) {
          error_type = "accessdenied"
          error = "The token cannot be read: " ~ $error.message
        }
      }
    }
  }

  response = $claims
}
