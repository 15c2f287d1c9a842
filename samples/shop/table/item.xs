table item {
  auth = false

  schema {
    int id
    timestamp created_at?=now
    text name filters=trim|min:1
    decimal price filters=min:0
    int stock?=0
  }

  index = [
    {type: "primary", field: [{name: "id"}]}
    {type: "btree|unique", field: [{name: "name", op: "asc"}]}
  ]
}
