query entries verb=POST {
  api_group = "logbook"
  description = "Write an entry."
  auth = "sailor"

  input {
    text text filters=trim|min:1
    enum weather?=fair {
      values = ["fair", "rain", "gale"]
    }

    decimal? miles? filters=min:0
    json? track?
  }

  stack {
    db.add entry {
      data = {
        sailor_id: $auth.id
        text     : $input.text
        weather  : $input.weather
        miles    : $input.miles
        track    : $input.track
      }
    } as $entry

    api.realtime_event {
      channel = "written"
      data = {entry_id: $entry.id}
      auth_table = "sailor"
      auth_id = $auth.id
    }

    util.set_header {
      value = "HTTP/1.1 201 Created"
      duplicates = "replace"
    }
  }

  response = $entry
}
