// Constructs, their names and members.
func half {
  input {
  }
  stack {
  }
}
---
function {
  input {
  }
  stack {
  }
}
---
function "a" "b" {
  input {
  }
  stack {
  }
}
---
query "" verb=get {
  input {
  }
  stack {
  }
  auth = true
}
---
query items {
  stack {
  }
  inputs {
    int n
  }
}
---
function members {
  input = {
  }
  stack {
  }
  respnse = 1
  response $x
  description "what it does"
  debug.log { value = 1 }
  schema {
    int id
  }
  $x = 1
  stack {
  }
  ...
}
---
task t verb=GET {
  stack {
  }
} as $x
---
run.job {
  description = "smoke"
  main = {name: "a", input: {}}
}
---
run.job "b" {
  main = {input: {}}
}
---
run.job "c" {
  main = "b"
}
---
api_group h {
  canonical = 5
  tags = "a"
  active = "yes"
}
---
api_group g
---
table t {
  auth = false
  schema {
    text name
  }
}
table u {
  auth = false
}
response = 1
