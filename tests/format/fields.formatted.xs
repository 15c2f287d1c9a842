table pet {
  auth = true

  schema {
    int id
    text? name? filters=trim|lower
    text[1:5] tags?=[]
    enum kind?="cat" {
      values = ["cat", "dog"]
    }

    text pin filters=pattern:"^[0-9|]{4}$"|min:4
    text code? filters=min:2|max:3
    int owner_id {
      table = "owner"
    }

    object home {
      schema {
        text street
        object[] rooms? {
          schema {
            decimal size
          }
        }
      }
    }

    timestamp created_at?=now {
      visibility = "private"
    }

    password? secret? filters=min:8|minAlpha:1
  }
}
