revalidate = 'often'
