addon visits_of_pet {
  input {
    int pet_id? {
      table = "pet"
    }
  }

  stack {
    db.query "vet visit" {
      where = $db.vet_visit.pet_id == $input.pet_id
      sort = {vet_visit.id: "asc"}
      return = {type: "list"}
    }
  }
}
