query "entries/{entry_id}/chart" verb=POST {
  api_group = "logbook"
  description = "Read a chart that goes with an entry; answers with what it is."
  auth = "sailor"

  input {
    int entry_id
    file chart
  }

  stack {
    function.run own_entry {
      input = {entry_id: $input.entry_id, sailor_id: $auth.id}
    } as $entry

    storage.read_file_resource {
      value = $input.chart
    } as $chart
  }

  response = {
    entry_id: $entry.id
    name    : $chart.name
    size    : $chart.size
  }
}
