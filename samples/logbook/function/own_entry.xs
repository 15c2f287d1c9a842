function own_entry {
  description = "An entry, if it is the sailor's own."

  input {
    int entry_id
    int sailor_id
  }

  stack {
    db.get entry {
      field_name = "id"
      field_value = $input.entry_id
    } as $entry

    precondition ($entry != null && $entry.sailor_id == $input.sailor_id) {
      error_type = "notfound"
      error = "There is no such entry."
    }
  }

  response = $entry
}
