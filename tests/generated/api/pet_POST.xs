// Add pet record
query pet verb=POST {
  api_group = "Pet store"

  input {
    dblink {
      table = "pet"
    }
  }

  stack {
    db.add pet {
      data = {
        created_at: "now"
        name      : $input.name
        age       : $input.age
        keeper_id : $input.keeper_id
        tag_ids   : $input.tag_ids
      }
    } as $pet
  }

  response = $pet
}
