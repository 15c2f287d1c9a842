addon tag {
  input {
    int tag_id? {
      table = "pet-tag"
    }
  }

  stack {
    db.query "pet-tag" {
      where = $db.pet_tag.id == $input.tag_id
      return = {type: "single"}
    }
  }
}
