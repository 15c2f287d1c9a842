function wide {
	input {
	}
	stack {
		var $a { value = "日本語 é" ~ [1]|lenght }
		debug.log { value = $a }	// tab
		debug.log { value = "a" "b" }
	}
	response = null
}
