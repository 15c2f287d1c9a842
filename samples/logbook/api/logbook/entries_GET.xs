query entries verb=GET {
  api_group = "logbook"
  description = "One's own entries, the latest first, a page at a time."
  auth = "sailor"

  input {
    int page?=1 filters=min:1
    int per_page?=20 filters=min:1|max:100
    text weather?
  }

  stack {
    db.query entry {
      where = $db.entry.sailor_id == $auth.id && $db.entry.weather ==? $input.weather
      sort = {id: "desc"}
      return = {
        type  : "list"
        paging: {
          page    : $input.page
          per_page: $input.per_page
          totals  : true
        }
      }
    } as $entries
  }

  response = $entries
}
