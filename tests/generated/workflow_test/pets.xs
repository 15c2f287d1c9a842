workflow_test pets {
  stack {
    api.call pet verb=POST {
      api_group = "Pet store"
      input = {name: "Rex", age: 3}
    } as $made

    expect.to_equal ($made.name) {
      value = "Rex"
    }

    api.call "pet/{pet_id}" verb=PUT {
      api_group = "Pet store"
      input = {pet_id: $made.id, name: "Max", age: 4}
    } as $edited

    expect.to_equal ($edited.name) {
      value = "Max"
    }

    api.call "pet/{pet_id}" verb=DELETE {
      api_group = "Pet store"
      input = {pet_id: $made.id}
    }

    api.call pet verb=GET {
      api_group = "Pet store"
    } as $left

    expect.to_equal ($left|count) {
      value = 0
    }
  }
}
