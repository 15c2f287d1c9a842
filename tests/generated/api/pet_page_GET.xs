query pet_page verb=GET {
  api_group = "Pet store"

  input {
    int page?=1 filters=min:1
    int per_page?=2 filters=min:1
  }

  stack {
    db.query pet {
      sort = {pet.id: "desc"}
      return = {
        type  : "list"
        paging: {
          page    : $input.page
          per_page: $input.per_page
          totals  : true
        }
      }

      output = [
        "itemsReceived"
        "curPage"
        "nextPage"
        "prevPage"
        "offset"
        "itemsTotal"
        "pageTotal"
        "items.id"
        "items.name"
        "items.tag_ids"
        "items.keeper_id"
      ]

      addon = [
        {
          name  : "keeper"
          output: ["id", "name"]
          input : {keeper_id: $output.keeper_id}
          as    : "items._keeper"
        }
        {
          name : "tag"
          input: {tag_id: $output.$this}
          as   : "items.tag_ids"
        }
      ]
    } as $pet
  }

  response = $pet
}
