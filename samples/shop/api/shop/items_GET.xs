query items verb=GET {
  api_group = "shop"

  input {
    text search? filters=trim
    int page?=1 filters=min:1
  }

  stack {
    db.query item {
      where = $db.item.name includes? $input.search
      sort = {name: "asc"}
      return = {
        type  : "list"
        paging: {page: $input.page, per_page: 20, totals: true}
      }
    } as $items
  }

  response = $items
}
