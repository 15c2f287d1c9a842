task forget_empty_days {
  description = "Every night: take out entries that say nothing happened."

  stack {
    db.bulk.delete entry {
      where = $db.entry.text == "Nothing happened."
    } as $forgotten

    debug.log {
      value = $forgotten
    }
  }

  schedule = [{starts_on: 2026-01-01 02:00:00+0000, freq: 86400}]
}
