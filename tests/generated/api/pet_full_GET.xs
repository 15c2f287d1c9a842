query pet_full verb=GET {
  api_group = "Pet store"

  input {
  }

  stack {
    db.query pet {
      sort = {pet.id: "asc"}
      return = {type: "list"}
      output = ["id", "name", "keeper_id", "tag_ids"]
      addon = [
        {
          name  : "keeper"
          output: ["email"]
          input : {keeper_id: $output.keeper_id}
        }
        {
          name : "tag"
          input: {tag_id: $output.$this}
          as   : "tag_ids"
        }
        {
          name : "visits_of_pet"
          input: {pet_id: $output.id}
          as   : "_visits"
        }
      ]
    } as $pet
  }

  response = $pet
}
