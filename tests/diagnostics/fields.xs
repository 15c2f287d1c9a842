// Declared fields.
function fields {
  input {
    string name
    array items
    Text title
    tex body
    int[][] grid
    int a, int b
    int c int d
    lonely
    text[5:1] tags
    int many?="lots"
    bool yes?=maybe
    decimal rate?=true
    int now_is?=now
    text t1 filters=required
    text t2 filters=to_lower
    text t3 filters=min
    text t4 filters=max:many
    text t5 filters=blah
    text t6 {
      min = 1
      filters = "trim"
      default = "a"
      required
      values = ["a"]
    }
    object home
    object place {
      schema {
        string city
      }
      input {
      }
    }
    dblink
    text twice
    int twice
    enum size
    enum shade?=grey {
      values = ["black", "white"]
    }
    text private="x"
    text run
    int number filters=trim
  }
  stack {
  }
  response = null
}
