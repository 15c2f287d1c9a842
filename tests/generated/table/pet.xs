table pet {
  auth = false

  schema {
    int id
    timestamp created_at?=now
    text name filters=trim
    int age?
    int keeper_id? {
      table = "keeper"
    }

    int[] tag_ids? {
      table = "pet-tag"
    }
  }

  index = [
    {type: "primary", field: [{name: "id"}]}
    {type: "btree", field: [{name: "created_at", op: "desc"}]}
  ]
}
