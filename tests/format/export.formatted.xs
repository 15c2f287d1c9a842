// Exported: blank lines in nested blocks carry blanks, and no newline ends the text. 
query "pets/{id}" verb=PATCH {
  api_group = "Pets"
  auth = "user"

  input {
    // Which pet.
    int id filters=min:1
  
    text name?
    int owner_id? {
      table = "owner"
    }
  
    json[] extra?
  }

  stack {
    conditional {
      if ($input.name == "") {
        throw {
          name = "empty"
          value = "A pet needs a name"
        }
      }
    
      else {
        var $headers {
          value = []
            |push:"Content-Type: application/json"
            |push:("Authorization: Basic %s"
              |sprintf:($env.pets_api_key|base64_encode)
            )
        }
      }
    }
  
    !debug.log {
      value = $headers
    }
  
    db.edit pet {
      field_name = "id"
      field_value = $input.id
      data = {
        name    : $input.name
        owner_id: $input.owner_id
        changed : now
      }
    
      output = ["id", "name"]
    } as $pet
  }

  response = {pet: $pet, by: $auth.id}
  tags = ["pets"]
}