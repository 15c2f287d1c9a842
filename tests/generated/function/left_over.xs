// Steps that the editor keeps although what they pointed to is gone
function left_over {
  input {
    text step?
  }

  stack {
    try_catch {
      try {
        switch ($input.step) {
          case ("table") {
            db.get "" {
              field_name = "id"
              field_value = 1
            } as $row
          } break

          case ("function") {
            function.run "" {
              input = {}
            } as $found
          } break

          case ("placeholder") {
            placeholder "mvp:crypto_jwe_decode"
          } break
        }

        var $said {
          value = "done"
        }
      }

      catch {
        var $said {
          value = $error.message
        }
      }
    }
  }

  response = $said
}
