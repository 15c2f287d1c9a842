query export verb=GET {
  api_group = "logbook"
  description = "All of one's entries, a line of JSON each, sent as they are read."
  auth = "sailor"

  input {
  }

  stack {
    db.query entry {
      where = $db.entry.sailor_id == $auth.id
      sort = {id: "asc"}
      return = {type: "stream"}
    } as $entries

    api.stream {
      value = $entries
    }
  }

  response = null
}
