query "entries/{entry_id}" verb=PATCH {
  api_group = "logbook"
  description = "Correct the text of an entry."
  auth = "sailor"

  input {
    int entry_id
    text text filters=trim|min:1
  }

  stack {
    function.run own_entry {
      input = {entry_id: $input.entry_id, sailor_id: $auth.id}
    } as $entry

    db.edit entry {
      field_name = "id"
      field_value = $entry.id
      data = {text: $input.text}
    } as $entry
  }

  response = $entry
}
