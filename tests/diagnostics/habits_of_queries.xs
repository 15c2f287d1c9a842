// Filters and functions that columns do not have, and a response that is assigned.
query crates verb=GET {
  input {
    text label
  }
  stack {
    db.query crate {
      where = ($db.crate.label|shout) == $input.label
    } as $a
    db.query crate {
      where = ($db.crate.label|to_uper) == $input.label
    } as $b
    db.query crate {
      where = ($db.crate.label|array_merge:"a") == $input.label
    } as $c
    db.query crate {
      where = shout($db.crate.label) == $input.label
    } as $d
    db.query crate {
      where = startsWith($db.crate.label, $input.label)
    } as $e
    db.query crate {
      where = $db.crate.label|startsWith:$input.label
    } as $f
    db.query crate {
      where = $db.crate.label == ($input.label|shout)
    } as $g
    conditional {
      if ($input.label == "") {
        return = {list: [$a, $b, $c, $d, $e, $f, $g]}
      }
    }
    return = {
      list: $a
    }
  }
  response = null
}
