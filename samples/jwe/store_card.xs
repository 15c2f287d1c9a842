// Encrypts personal data, and keeps the token and its key in two tables.
// Try: xsrun run samples/jwe/store_card.xs --input user_id=7 --input card=4111
query "store-card" verb=POST {
  input {
    int user_id
    text card filters=trim|min:4
  }

  stack {
    security.create_secret_key {
      bits = 512
      format = "object"
    } as $key

    security.jwe_encode {
      headers = {"alg": "A256KW"}
      claims = {user_id: $input.user_id, card: $input.card}
      key = $key
      key_algorithm = "A256KW"
      content_algorithm = "A256GCM"
      ttl = 0
    } as $token

    db.add encrypted_data {
      data = {
        user_id: $input.user_id
        token  : $token
        key_id : "user_" ~ $input.user_id
      }
    } as $record

    db.add key_vault {
      data = {key_id: "user_" ~ $input.user_id, encryption_key: $key}
    } as $key_record
  }

  response = {
    stored       : true
    record_id    : $record.id
    key_record_id: $key_record.id
  }
}
---
table encrypted_data {
  auth = false

  schema {
    int id
    timestamp created_at?=now
    int user_id
    text token
    text key_id
  }

  index = [
    {type: "primary", field: [{name: "id"}]}
    {type: "btree", field: [{name: "key_id", op: "asc"}]}
  ]
}
---
table key_vault {
  auth = false

  schema {
    int id
    timestamp created_at?=now
    text key_id
    json encryption_key
  }

  index = [
    {type: "primary", field: [{name: "id"}]}
    {type: "btree|unique", field: [{name: "key_id", op: "asc"}]}
  ]
}
