query "entries/{entry_id}" verb=GET {
  api_group = "logbook"
  description = "One entry."
  auth = "sailor"

  input {
    int entry_id
  }

  stack {
    function.run own_entry {
      input = {entry_id: $input.entry_id, sailor_id: $auth.id}
    } as $entry
  }

  response = $entry
}
