// Nothing to report: what other checks might take for faults.
query "crates/{id}" verb=GET {
  description = "One crate, and what is in it."
  input {
    int id filters=min:1
    text? note?
    text kind?=small
    object home? {
      schema {
        text city?
      }
    }
  }
  stack {
    db.query crate {
      where = $db.crate.id == $input.id && ($db.crate.kind ==? $input.kind || $db.crate.note ilike "%x%")
      sort = {crate.id: "asc"}
      return = {type: "list", paging: {page: 1, per_page: 10}}
      output = ["itemsReceived", "items.id"]
    } as $crates
    var $total { value = ($crates.items|count) + 1 }
    foreach ($crates.items) {
      each as $crate {
        conditional {
          if (($crate.label|strlen) > 3) {
            continue
          }
          elseif ($crate.id == $total) {
            break
          }
        }
        math.add $total { value = $crate.id }
      }
    }
    var $note { value = $input.note ?? "none" }
    switch ($note) {
      case ("none") {
        var.update $note { value = "" }
      } break
      default {
      }
    }
    array.find ($crates.items) if ($this.id == $total) as $found
  }
  // a comment before the response
  response = {
    note: $note
    found: $found // and one behind a value
    upper: ($note|to_upper)
    home: $input.home.city
  }
}
---
function ignored {
  input {
  }
  stack {
    var $unused { value = 1 } // xsrun: ignore XS504
    // xsrun: ignore
    debug.log { value = $nowhere }
  }
  response = null
}
