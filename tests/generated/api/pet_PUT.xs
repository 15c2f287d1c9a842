// Update pet record
query "pet/{pet_id}" verb=PUT {
  api_group = "Pet store"

  input {
    int pet_id? filters=min:1
    dblink {
      table = "pet"
    }
  }

  stack {
    db.edit pet {
      field_name = "id"
      field_value = $input.pet_id
      data = {
        name     : $input.name
        age      : $input.age
        keeper_id: $input.keeper_id
        tag_ids  : $input.tag_ids
      }
    } as $pet
  }

  response = $pet
}
