query "items/{item_id}/order" verb=POST {
  api_group = "shop"

  input {
    int item_id
    int count filters=min:1
  }

  stack {
    db.get item {
      field_name = "id"
      field_value = $input.item_id
    } as $item

    precondition ($item != null) {
      error_type = "notfound"
      error = "There is no such item."
    }

    precondition ($item.stock >= $input.count) {
      error_type = "badrequest"
      error = "There are not enough left."
    }

    function.run discount {
      input = {price: $item.price, count: $input.count}
    } as $total

    db.edit item {
      field_name = "id"
      field_value = $item.id
      data = {stock: $item.stock - $input.count}
    } as $left
  }

  response = {total: $total, left: $left.stock}
}
