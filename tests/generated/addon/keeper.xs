addon keeper {
  input {
    int keeper_id? {
      table = "keeper"
    }
  }

  stack {
    db.query keeper {
      where = $db.keeper.id == $input.keeper_id
      return = {type: "single"}
    }
  }
}
