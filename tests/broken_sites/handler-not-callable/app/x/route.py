GET = 'x'
