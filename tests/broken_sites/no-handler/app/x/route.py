title = 'x'
