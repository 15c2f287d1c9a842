table entry {
  auth = false

  schema {
    int id
    timestamp created_at?=now
    int sailor_id {
      table = "sailor"
    }

    text text filters=trim|min:1
    enum weather?=fair {
      values = ["fair", "rain", "gale"]
    }

    decimal? miles?
    json? track?
  }

  index = [
    {type: "primary", field: [{name: "id"}]}
    {type: "btree", field: [{name: "sailor_id", op: "asc"}]}
  ]
}
