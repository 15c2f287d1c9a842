query items verb=POST {
  api_group = "shop"

  input {
    text name
    decimal price
    int stock?=0
  }

  stack {
    db.has item {
      field_name = "name"
      field_value = $input.name
    } as $known

    precondition (!$known) {
      error_type = "badrequest"
      error = "There is such an item already."
    }

    db.add item {
      data = {
        name : $input.name
        price: $input.price
        stock: $input.stock
      }
    } as $item
  }

  response = $item
}
