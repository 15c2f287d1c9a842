table sailor {
  auth = true

  schema {
    int id
    timestamp created_at?=now
    text name filters=trim|min:1
    email email filters=trim|lower
    password password filters=min:8 {
      visibility = "internal"
    }
  }

  index = [
    {type: "primary", field: [{name: "id"}]}
    {type: "btree|unique", field: [{name: "email", op: "asc"}]}
  ]
}
