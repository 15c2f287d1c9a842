table_trigger "saved" {
  actions = {insert: true, updated: true, delete: "yes"}
  input {
  }
  stack {
  }
}
---
function "users/{user_id}" {
  input {
    int user_id
  }
  stack {
    switch ($input.user_id) {
      default {
        debug.log { value = 0 }
      } break
      case (1) {
        debug.log { value = 1 }
      } break
    }
    db.transaction {
    }
    group {
    }
    db.edit user {
      field_value = $input.user_id
      data = {}
    } as $user
    db.external.postgres.direct_query {
      sql = "select 1"
      connection_string = "postgres://example"
    } as $rows
    redis.ratelimit {
      key = "a"
    } as $left
  }
  response = [$user, $rows, $left]
}
