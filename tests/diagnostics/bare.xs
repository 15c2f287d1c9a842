var $x { value = "a" || "b" }
db.get user {
  field_value = 1
}
debug.log { value = $given }
