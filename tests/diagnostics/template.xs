// A file that is itself a template is reported once.
function templated {
  input {
  }
  stack {
    var $a {
      value = {
        {% if x %}
        {{ y }} : 1
        {% endif %}
        b: 2
      }
    }
    debug.log { value = $a|lenght }
  }
  response = null
}
