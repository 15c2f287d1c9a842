query "entries/{entry_id}" verb=DELETE {
  api_group = "logbook"
  description = "Take an entry out."
  auth = "sailor"

  input {
    int entry_id
  }

  stack {
    function.run own_entry {
      input = {entry_id: $input.entry_id, sailor_id: $auth.id}
    } as $entry

    db.del entry {
      field_name = "id"
      field_value = $entry.id
    }
  }

  response = null
}
