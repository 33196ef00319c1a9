async def Get():
    return {}
