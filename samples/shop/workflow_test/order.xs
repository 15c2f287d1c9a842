workflow_test order {
  stack {
    api.call items verb=POST {
      api_group = "shop"
      input = {name: "jar", price: 4, stock: 12}
    } as $jar

    api.call "items/{item_id}/order" verb=POST {
      api_group = "shop"
      input = {item_id: $jar.id, count: 10}
    } as $order

    expect.to_equal ($order.total) {
      value = 36
    }

    expect.to_equal ($order.left) {
      value = 2
    }

    expect.to_throw {
      stack {
        api.call "items/{item_id}/order" verb=POST {
          api_group = "shop"
          input = {item_id: 1, count: 3}
        }
      }

      exception = "not enough"
    }
  }
}
